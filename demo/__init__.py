"""The demonstration: fictional referrals through about twelve weeks on the real engine."""
