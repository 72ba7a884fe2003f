"""The seeded simulator: several workers' lanes, as they are, in one thread against an in-memory Kafka.

``loop`` has the time and the order, ``broker`` the log, ``network`` the delays and losses, ``producer`` and
``fetching`` aiokafka's two ends, ``group`` the coordinator, ``faust`` what is Faust's around the lane,
``worker`` one worker, ``storm`` the faults, ``run`` one schedule from its seed to its judgement.
"""
