"""Two-phase flow on control volumes: pressure, transport, one step in time and its size."""
