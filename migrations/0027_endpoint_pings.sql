-- Until when an endpoint takes no ping, since there were too many; a time that is over where it does.
ALTER TABLE callback_endpoints ADD COLUMN pings_used_up_until timestamptz;
