"""How the scheduler bears many jobs and machines: recorded jobs, replayed by real workers and simulated on many."""
