"""Trade fairs: booths, advertising and services sold to makers, traders and service firms."""
