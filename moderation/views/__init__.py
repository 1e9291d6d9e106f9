"""Moderation's pages: the queue and the review desk."""
