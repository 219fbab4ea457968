import { Counter, Gauge, type Registry } from 'prom-client';
import type { Packer, PackerFigures } from './packer.ts';

/** How packing goes in this process. */
export function registerPackerMetrics(registry: Registry, packer: Packer): void {
  const registers = [registry];
  const count = (name: string, help: string, figure: (figures: PackerFigures) => number) =>
    new Counter({
      ...{ name, help: `${help} since the start`, registers },
      collect() {
        this.reset();
        this.inc(figure(packer.figures()));
      },
    });
  count('nongtin_archive_rows_replaced_total', 'Index rows replaced', (of) => of.rowsReplaced);
  count('nongtin_archive_rows_packed_total', 'Index rows in their place', (of) => of.rowsWritten);
  count('nongtin_archive_objects_packed_total', 'Packed objects written', (of) => of.objectsWritten);
  count('nongtin_archive_bytes_packed_total', 'Bytes of packed objects', (of) => of.bytesWritten);
  count('nongtin_archive_objects_deleted_total', 'Superseded objects deleted', (of) => of.objectsDeleted);
  new Gauge({
    name: 'nongtin_archive_packing_failing_gateways',
    help: 'Gateways of which something is damaged or cannot be read',
    registers,
    collect() {
      this.set(packer.figures().failing);
    },
  });
  new Gauge({
    name: 'nongtin_archive_packing_failing_since_seconds',
    help: 'Since when something could not be packed, seconds since 1970; 0: everything can',
    registers,
    collect() {
      this.set((packer.figures().failingSinceMs ?? 0) / 1000);
    },
  });
}
