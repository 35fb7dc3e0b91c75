"""How fast and how exact: what `cementflow bench` measures. The command is in `cementflow.bench.command`."""
