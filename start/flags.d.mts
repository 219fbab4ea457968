export declare const serviceFlags: readonly string[];
export declare function serviceEnvironment(root: string): { readonly NODE_COMPILE_CACHE: string };
