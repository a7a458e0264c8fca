DROP TABLE call_events, calls, campaigns, contacts;
