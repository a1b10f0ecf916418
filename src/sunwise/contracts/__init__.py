"""Every message in the company: plain frozen data, versioned, imported by all and importing nothing."""
