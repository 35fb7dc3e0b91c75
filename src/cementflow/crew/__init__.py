"""Processes that run cases side by side, for series and for studies."""
