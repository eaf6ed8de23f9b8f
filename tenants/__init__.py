"""Tenants: one file each in `registry/`, one stack each in the project `smarteros-tenants`.

A tenant's file says what is wanted; the steps declare it; running again completes or proves it. Nothing here knows
whether the clouds are real.
"""
