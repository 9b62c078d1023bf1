ALTER TABLE attempts VALIDATE CONSTRAINT attempts_request_check;
