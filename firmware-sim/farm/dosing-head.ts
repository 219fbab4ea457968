import { type Static, Type } from 'typebox';

const closed = { additionalProperties: false } as const;
const Positive = Type.Number({ exclusiveMinimum: 0, maximum: 1e9 });
const NotNegative = Type.Number({ minimum: 0, maximum: 1e9 });
const Id = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' });

const StockSpec = Type.Object(
  {
    gramsPerLitre: Type.Optional(
      Type.Object(
        {
          N: Type.Optional(NotNegative),
          P2O5: Type.Optional(NotNegative),
          K2O: Type.Optional(NotNegative),
        },
        closed,
      ),
    ),
    /** mS/cm that 1 mL of it in a litre of water adds, before ions hinder each other. */
    ecPerMillilitrePerLitre: Type.Optional(NotNegative),
    /** Of acid: what it takes of alkalinity, eq/L. */
    acidEquivalentsPerLitre: Type.Optional(NotNegative),
  },
  closed,
);

const DosePumpSpec = Type.Object(
  {
    /** What it really gives when new, whatever a gateway was told by a calibration. */
    millilitresPerSecond: Positive,
    /** Of a venturi: the flow of water at which it gives that; it draws in proportion. Absent: a pump with a motor. */
    atLitresPerMinute: Type.Optional(Positive),
    startSeconds: Type.Optional(Type.Number({ minimum: 0, maximum: 60 })),
    stopSeconds: Type.Optional(Type.Number({ minimum: 0, maximum: 60 })),
    /** Share of its rate that it loses with each litre. */
    wearPerLitre: Type.Optional(Type.Number({ minimum: 0, maximum: 0.1 })),
    /** Standard deviation of its rate from run to run, as a share. */
    spread: Type.Optional(Type.Number({ minimum: 0, maximum: 0.3 })),
    /** Volume of its suction line, which fills with air when the tank is empty. */
    lineMillilitres: Type.Optional(NotNegative),
  },
  closed,
);

/** Clear water that is never the same for long; EC and pH of a source are its mean. */
export const ChangingWaterSpec = Type.Object(
  {
    /** 1 meq/L is 50 mg/L of CaCO3. */
    alkalinityMilliequivalentsPerLitre: Positive,
    /** Salt that comes up the river or into the well. */
    ecPerDay: Type.Optional(Type.Number({ minimum: -1, maximum: 1 })),
    /** Half of a tide's swing. */
    tide: Type.Optional(Type.Object({ ec: NotNegative, hours: Positive }, closed)),
    /** What else changes within hours: standard deviation. */
    wander: Type.Optional(Type.Object({ ec: NotNegative, hours: Positive }, closed)),
    /** Another well, at random times: up to so much more or less, at once. */
    switches: Type.Optional(Type.Object({ ec: NotNegative, hours: Positive }, closed)),
  },
  closed,
);

/** Tanks, pumps and a pipe in which stock mixes with the water of a source. It holds what is true. */
export const DosingHeadSpec = Type.Object(
  {
    id: Id,
    source: Id,
    /** Pipe in which nothing mixes, between where stock comes in and the mixing. */
    plugLitres: NotNegative,
    /** Mixing chamber, or the dispersion of a long pipe; probes stand behind it. */
    chamberLitres: NotNegative,
    /** Stirred vessels in a row that it mixes like; 1. */
    chambers: Type.Optional(Type.Integer({ minimum: 1, maximum: 50 })),
    tanks: Type.Array(
      Type.Object(
        {
          id: Id,
          capacityLitres: Positive,
          firstLitres: NotNegative,
          stock: StockSpec,
          /** Of what was meant: somebody has weighed it; 1. */
          strength: Type.Optional(Type.Number({ minimum: 0, maximum: 10 })),
          pump: DosePumpSpec,
        },
        closed,
      ),
      { minItems: 1, maxItems: 16 },
    ),
  },
  closed,
);
export type DosingHeadSpec = Static<typeof DosingHeadSpec>;
