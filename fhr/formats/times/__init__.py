"""Times of samples: clocks, dates and units of time as files state them, and the regular grid that they lie on."""
