"""Radiofrequency ablation: what current does to the bone and to the tissue around it, before any cement."""
