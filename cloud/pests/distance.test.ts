import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bearingDegrees, distanceKm, type Place } from './distance.ts';

const phanThiet = { latitude: 10.93, longitude: 108.1 };
const hanoi = { latitude: 21.03, longitude: 105.85 };
const place: fc.Arbitrary<Place> = fc.record({
  latitude: fc.integer({ min: -9000, max: 9000 }).map((n) => n / 100),
  longitude: fc.integer({ min: -18000, max: 18000 }).map((n) => n / 100),
});

it('a degree of latitude is 111.2 km, and one of longitude shrinks with the cosine of the latitude', () => {
  const from = { latitude: 0, longitude: 0 };
  expect(distanceKm(from, { latitude: 1, longitude: 0 })).toBeCloseTo(111.195, 2);
  expect(distanceKm(from, { latitude: 0, longitude: 1 })).toBeCloseTo(111.195, 2);
  const north = { latitude: 60, longitude: 0 };
  expect(distanceKm(north, { latitude: 60, longitude: 1 })).toBeCloseTo(55.6, 1);
});

it('across the date line the short way counts', () => {
  expect(distanceKm({ latitude: 0, longitude: 179.99 }, { latitude: 0, longitude: -179.99 })).toBeCloseTo(
    2.22,
    2,
  );
});

it('from Phan Thiết, Hà Nội lies 1,149 km away, to the north-north-west', () => {
  expect(distanceKm(phanThiet, hanoi)).toBeCloseTo(1148.5, -1);
  expect(bearingDegrees(phanThiet, hanoi)).toBeCloseTo(348, 0);
});

it.each([
  [1, 0, 0],
  [0, 1, 90],
  [-1, 0, 180],
  [0, -1, 270],
])('%d° north and %d° east of the equator is a bearing of %d°', (latitude, longitude, bearing) => {
  expect(bearingDegrees({ latitude: 0, longitude: 0 }, { latitude, longitude })).toBeCloseTo(bearing, 6);
});

it('is the same there and back, nothing to itself, and never more than half way round', () => {
  fc.assert(
    fc.property(place, place, (a, b) => {
      expect(distanceKm(a, b)).toBeCloseTo(distanceKm(b, a), 6);
      expect(distanceKm(a, a)).toBe(0);
      expect(distanceKm(a, b)).toBeLessThanOrEqual(Math.PI * 6371.01);
      expect(bearingDegrees(a, b)).toBeGreaterThanOrEqual(0);
      expect(bearingDegrees(a, b)).toBeLessThan(360);
    }),
  );
});
