"""Long runs that look for what short tests cannot: drift, leaks, one case in ten million."""
