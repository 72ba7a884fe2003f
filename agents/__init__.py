"""Who acts: everything that touches Kafka, a clock, the log or the web."""

import os

# We compute with numbers, not with matrices. The threads that NumPy's linear algebra would start for each
# core gain nothing, and on a busy machine wait for one another: an estimate then takes thirty times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
