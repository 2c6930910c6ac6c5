import { type Parsed, parsed, unparsed } from '../parsed.js';

const weekdays = ['Thu', 'Fri', 'Sat', 'Sun', 'Mon', 'Tue', 'Wed'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const pattern =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d{2}) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/;

/**
 * Parses a Date value (RFC 3261 20.17 `rfc1123-date`, GMT only).
 *
 * @returns whole seconds since 1970-01-01T00:00:00Z; an error also for a day that the month does not have
 */
export function parseSipDate(text: string): Parsed<number> {
  const match = pattern.exec(text);
  if (match === null) return unparsed('not a date in GMT', 0, 'wkday "," SP date1 SP time SP "GMT"');
  const [, weekday = '', dayText, month = '', yearText, hours, minutes, seconds] = match;
  const day = Number(dayText);
  const year = Number(yearText);
  const days = daysFrom(year, months.indexOf(month), day);
  const back = civil(days);
  const time = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  if (back.day !== day || Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) {
    return unparsed('no such day or time', 5);
  }
  if (weekdays[modulo(days, 7)] !== weekday) return unparsed('the day is not of that week day', 0);
  return parsed(days * 86_400 + time);
}

/** The Date value for whole seconds since 1970-01-01T00:00:00Z (years 0 to 9999). */
export function serializeSipDate(unixSeconds: number): string {
  const days = Math.floor(unixSeconds / 86_400);
  const rest = unixSeconds - days * 86_400;
  const { year, month, day } = civil(days);
  const time = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60].map(two).join(':');
  return `${weekdays[modulo(days, 7)]}, ${two(day)} ${months[month]} ${String(year).padStart(4, '0')} ${time} GMT`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}

/** Days since 1970-01-01 of a Gregorian date; `month` 0 to 11. Years are counted from March, so leap days come last. */
function daysFrom(year: number, month: number, day: number): number {
  const y = month < 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 10) % 12) + 2) / 5) + day - 1;
  return (
    era * 146_097 +
    yearOfEra * 365 +
    Math.floor(yearOfEra / 4) -
    Math.floor(yearOfEra / 100) +
    dayOfYear -
    719_468
  );
}

function civil(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const leaps = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = (shiftedMonth + 2) % 12;
  const year = yearOfEra + era * 400 + (month < 2 ? 1 : 0);
  return { year, month, day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1 };
}
