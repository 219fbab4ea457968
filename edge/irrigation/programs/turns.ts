/** When one member may draw water, by the week: from `startMinute` of the local day for so many minutes. */
export interface TurnTimes {
  readonly member: string;
  readonly times: readonly {
    /** 0 is Sunday. */
    readonly weekday: number;
    readonly startMinute: number;
    readonly minutes: number;
  }[];
}
