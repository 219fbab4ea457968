export function gatewayArguments(options: {
  readonly root: string;
  readonly node: string;
  readonly say: (text: string) => void;
}): Promise<readonly string[]>;
