"""D12: the app is gone, at a moment between two known ones, with a hard or a soft grade (mission.md 2, N12).

Nothing is detected here yet; the installation is remembered (``Customer.installed_at``).
"""
