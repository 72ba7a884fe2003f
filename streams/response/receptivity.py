"""R3: which channel a customer answers best, from deliveries and reactions.

Nothing is learnt here yet: among open channels the policy's ``order`` decides.
"""
