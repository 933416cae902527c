"""Inspection episodes: a made-up product, normal pictures of it and pictures with defects."""

from .episodes import Episode, Families, draw_episode

__all__ = ["Episode", "Families", "draw_episode"]
