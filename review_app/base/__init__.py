"""What every capability stands on: database, settings, clock, security, errors, web plumbing, jobs."""
