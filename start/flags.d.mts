export declare const serviceFlags: readonly string[];
export declare const gatewayFlags: readonly string[];
export declare function serviceEnvironment(root: string): Readonly<Record<string, string>>;
