import { fault, NoOptions } from './fault.ts';
import { wifiLoss } from './wifi-loss.ts';

export const gatewayPowerCut = fault({
  target: 'gateway',
  does: 'the gateway loses its power, and every device its broker; whoever runs the gateway is told to cut it',
  options: NoOptions,
  begin: (victims) => {
    victims.tellGateway({ kind: 'power', isOn: false });
    const end = wifiLoss.begin(victims, '', {});
    return () => {
      victims.tellGateway({ kind: 'power', isOn: true });
      end();
    };
  },
});
