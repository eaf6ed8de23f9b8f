"""What the machines and database servers of an environment hold, as tables, as a picture and as a page of docs/.

The arithmetic is in settings.capacity, for the settings are refused by it; here it is only shown.
"""
