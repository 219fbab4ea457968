const STATE =
  /^(sensor|binary_sensor|switch|valve|number|text_sensor|cover|fan|light|lock|select|climate|button|event|text|date|time|datetime|update|alarm_control_panel)\/([^/]+)\/state$/;

/** Component and object id of `<node>/<component>/<object_id>/state`, given what follows the node. */
export function esphomeState(rest: string): { component: string; objectId: string } | undefined {
  const [, component, objectId] = STATE.exec(rest) ?? [];
  return component === undefined || objectId === undefined ? undefined : { component, objectId };
}
