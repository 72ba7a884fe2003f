"""The seeded simulator: several workers' lanes, as they are, in one thread against an in-memory Kafka.

``loop`` has time and order, ``network`` delays and losses, ``broker`` the log, ``group`` the coordinator.
``fetching`` and ``producer`` stand for aiokafka; ``member``, ``thread``, ``faust`` and ``recovering`` for
what is Faust's around the lane. ``worker`` is one worker, ``fleet`` all of them, ``shop`` what comes from
outside, ``storm`` the faults. ``setting`` is what a seed draws, ``run`` plays it and
``judge`` says what is wrong.
"""
