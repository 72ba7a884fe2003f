"""D1 to D3: messages that are no longer answered, and what follows from it with the visits.

D1 ``message_disengaged`` counts messages delivered on an open channel, never days; D2 ``present_but_deaf``
is D1 with visits that go on, D3 ``deaf_everywhere`` is D1 on all channels, for long, with regular visits
(mission.md 2). Nothing is detected here yet: deliveries are counted (``Channel.delivered``), reactions are
recognised (``customer.activity``).
"""
