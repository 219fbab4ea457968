export function gatewayProgram(options: {
  readonly root: string;
  readonly node: string;
  readonly say: (text: string) => void;
}): Promise<string>;
