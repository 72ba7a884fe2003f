"""The batch lane under Faust: cuts, recovery, changelog, fence, time."""
