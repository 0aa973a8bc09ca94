"""Engagement measurement in notebooks: of customers and of employees."""

__version__ = "0.1.0"
