import { fault, NoOptions } from './fault.ts';

export const gatewayClockReset = fault({
  target: 'gateway',
  does: "the gateway's clock shows 1970; whoever runs it is told to set it so",
  options: NoOptions,
  begin: ({ tellGateway }) => {
    tellGateway({ kind: 'clock', toMs: 0 });
    return () => tellGateway({ kind: 'clock', toMs: null });
  },
});
