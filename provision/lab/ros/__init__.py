"""An emulated RouterOS: menus with entries, a script language, files, jobs, and backups of the whole configuration.

It emulates what we believe of RouterOS, kept next to the facts: texts of refusals, what an export shows, when jobs
run, what a backup holds. It shares no code with the program's own parser.
"""
