from portal.web.customer import sign_up, status

BLUEPRINTS = (sign_up.bp, status.bp)
