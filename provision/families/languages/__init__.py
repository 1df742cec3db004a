"""The languages that devices speak: configurations, documents and answers; shared by families."""
