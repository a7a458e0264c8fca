DROP TABLE gateways, attempts, dialers, contact_refusals, campaign_contacts, dial_plans;
