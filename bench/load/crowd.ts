import { startHelper } from './helper.ts';

/** What the crowd is told on its stdin. */
export interface CrowdOptions {
  readonly port: number;
  readonly clients: readonly { readonly id: string; readonly password: string | undefined }[];
  /** What each of them subscribes to, at QoS 0; `{device}` stands for its id. */
  readonly filter: string;
}

/** Clients that are connected, have subscribed, and say nothing. */
export interface Crowd {
  /** From the first SYN to the last CONNACK. */
  readonly connectSeconds: number;
  /** Messages that have reached them so far. */
  heard(): Promise<number>;
  stop(): Promise<void>;
}

const GIVE_UP_MS = 60_000;

export async function gatherCrowd(options: CrowdOptions): Promise<Crowd> {
  const helper = startHelper('./crowd-main.ts');
  const deadline = setTimeout(helper.stop, GIVE_UP_MS);
  try {
    helper.tell(JSON.stringify(options));
    const { seconds } = await helper.next<{ seconds: number }>();
    await helper.next();
    const heard = async () => {
      helper.tell('heard?');
      return (await helper.next<{ heard: number }>()).heard;
    };
    return { connectSeconds: seconds, heard, stop: helper.stop };
  } finally {
    clearTimeout(deadline);
  }
}
