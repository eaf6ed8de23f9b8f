"""Container Apps: the app, part by part."""
