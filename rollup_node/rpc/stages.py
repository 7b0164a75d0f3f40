"""Seconds of CPU by stage of the way of a transaction; adds up, decides nothing."""

import time


class StageClock:
    """Adds up the CPU time that one thread spends between `begin` and `end`.

    Between the two nothing may wait: the stages of a thread then never overlap. So the counter
    measures a call up to the moment it waits for the backend, and again from the answer on.
    """

    def __init__(self) -> None:
        """Begin at nothing."""
        self.seconds: dict[str, float] = {}
        self._began = 0.0

    def begin(self) -> None:
        """Begin a stage."""
        self._began = time.thread_time()

    def end(self, stage: str, times: int = 1) -> None:
        """End the stage that was begun last, under this name; it stands for so many like it."""
        self.add(stage, (time.thread_time() - self._began) * times)

    def add(self, stage: str, seconds: float) -> None:
        """Add what was measured elsewhere."""
        self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds
