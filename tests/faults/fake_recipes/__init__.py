"""Recipes that leave files of the right names and no model: what the stages run in the fault tests.

A worker process of its own cannot be patched, so STUDIO_RECIPES names this package instead of
training.recipes. Each module reads the recipe.json of the real one, and refuses what that would refuse.
"""
