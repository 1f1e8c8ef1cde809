"""Runs in the terminal: the tables of the report, and its episodes turn by turn."""

from finqa_gym.view.episode import show_episode
from finqa_gym.view.listing import Listing
from finqa_gym.view.tables import show_summary

__all__ = ["Listing", "show_episode", "show_summary"]
