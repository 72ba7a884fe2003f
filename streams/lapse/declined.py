"""D9: a new customer says no to email, a notice and no lapse (mission.md 2). Nothing is detected here yet."""
