"""Local time, night and rest: the only arithmetic of people's hours.

What `money` is to the exchange this is to people: zones and their changes, the hours of somebody's
day and night, public holidays, and what working-time law demands. Everything is counted in UTC;
local time appears only in the question whether an hour is somebody's day.
"""
