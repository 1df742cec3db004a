"""An emulated RouterOS: menus that keep entries, a script language, files, jobs, and a backup that brings all back.

It is an emulator of what we believe of RouterOS, kept next to the facts: texts of refusals, what an export
shows, when jobs run, what a backup holds. It shares no code with the program's own parser.
"""
