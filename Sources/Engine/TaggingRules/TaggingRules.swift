// TaggingRules
