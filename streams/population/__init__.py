"""What all customers together say about one: sums, priors, dropout, drift, steering (model.md 2 (12), 3, 4).

Pure numbers: nothing here knows a customer, a policy or a topic.
"""
