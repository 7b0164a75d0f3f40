"""The stage: plans as data, keys, deployment, processes; product code imports none of it."""
