// Where the sun stands. Pure; after Meeus, "Astronomical Algorithms", ch. 25, good to a minute or so.

const RADIANS = Math.PI / 180;

/** The sun's altitude in degrees at an instant (ms since 1970), latitude and longitude (degrees). */
export function altitude(ms, latitude, longitude) {
  const days = ms / 86_400_000 - 10_957.5; // since 2000-01-01 12:00
  const mean = (357.529 + 0.98560028 * days) * RADIANS;
  const ecliptic =
    (280.459 + 0.98564736 * days + 1.915 * Math.sin(mean) + 0.02 * Math.sin(2 * mean)) * RADIANS;
  const tilt = 23.439 * RADIANS;
  const declination = Math.asin(Math.sin(tilt) * Math.sin(ecliptic));
  const ascension = Math.atan2(Math.cos(tilt) * Math.sin(ecliptic), Math.cos(ecliptic));
  const sidereal = (280.4606 + 360.9856473 * days + longitude) * RADIANS;
  const hour = sidereal - ascension;
  const phi = latitude * RADIANS;
  const sine = Math.sin(phi) * Math.sin(declination) + Math.cos(phi) * Math.cos(declination) * Math.cos(hour);
  return Math.asin(sine) / RADIANS;
}

/** 0 in the night, 1 by day, between them while it dawns (6 degrees below the horizon to 6 above). */
export function brightness(degrees) {
  const share = Math.min(1, Math.max(0, (degrees + 6) / 12));
  return share * share * (3 - 2 * share);
}
