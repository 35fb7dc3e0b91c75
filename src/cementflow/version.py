"""The version of the installed package."""

from __future__ import annotations

from importlib import metadata


def version() -> str:
    """Version, or "not installed" where the sources are used as they lie."""
    try:
        return metadata.version("cementflow")
    except metadata.PackageNotFoundError:
        return "not installed"
