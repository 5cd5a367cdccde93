"""What `archbell doctor` examines: each subject by itself, each finding with its cure."""

from bot.app.doctor.finding import Finding, Verdict
from bot.app.doctor.rounds import Round, examine

__all__ = ["Finding", "Round", "Verdict", "examine"]
